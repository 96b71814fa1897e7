"""CloudWatch alarms and metrics beyond MiniStack."""
