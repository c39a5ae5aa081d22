"""The generated pages of ``docs/``, each made from the data that it describes."""
