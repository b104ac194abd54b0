"""History through the code and the configuration at hand, beside what the live stages made of it."""
