"""One module a screen; each builds its component tree from a scene."""
