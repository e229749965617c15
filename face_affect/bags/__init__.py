"""Recordings in and out of ROS."""
