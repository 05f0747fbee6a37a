"""A run as a folder for a journal: text, tables, figures, references, checklists and a model card."""
