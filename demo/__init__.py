"""The demonstration: a recording through the node, between processes."""
