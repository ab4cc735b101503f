"""What people and new facts do to a stored report: decisions, replies, waivers, rechecks; and the life of a rule."""
