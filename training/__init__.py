"""How the models that ship with MoM were trained."""
