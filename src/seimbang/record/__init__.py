"""The run folder, typed once for those who write it and those who read it."""
