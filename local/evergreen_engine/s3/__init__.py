"""Object storage beyond MiniStack: events that name the version of the object."""
