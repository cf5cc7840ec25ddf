"""Who may do what: Flask-AppBuilder's security, with everything replaced that knew no companies."""
