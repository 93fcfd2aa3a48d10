"""The sections of the settings file, one a module; `ims_catalog.settings` composes them."""
