"""The tutors: one class a lesson, composed of controls, views and a run."""
