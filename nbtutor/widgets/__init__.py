"""What a learner sees and drags."""
