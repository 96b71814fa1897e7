"""What Step Functions on this machine must do beyond MiniStack."""
