"""Files below a folder: which there are, how far each was read, and where one item ends."""
