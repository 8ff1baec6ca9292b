"""What must outlive the bridge's process: jobs on the disk, and how long they stay there."""
