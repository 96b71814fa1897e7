"""CloudWatch Logs beyond MiniStack: filter patterns, subscriptions, embedded metrics."""
