"""From a path to the ``[data]`` table of a first study file: nothing that can be guessed is refused."""
