"""Local AWS engine of Evergreen: MiniStack plus what Evergreen needs and MiniStack lacks."""
