"""Data to trained, quantised and evaluated models; never installed on a robot."""
