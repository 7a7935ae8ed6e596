"""The street side: channels, intake, delivery, pages, schedule, settings, command line."""
