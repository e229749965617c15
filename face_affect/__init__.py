"""Find and follow faces, and read emotion and gender, on a robot's CPU."""
