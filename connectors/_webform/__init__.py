"""The parts of the web form channel: what a post says (pure), and the page that people see."""
