"""CloudFormation resource types beyond MiniStack."""
