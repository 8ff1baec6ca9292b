"""How clients find the bridge: a file, OSCQuery, and zeroconf."""
