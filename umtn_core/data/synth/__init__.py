"""Makes multi-domain, unpaired training sets from scores and soundfonts."""
