"""Where things are and how they are reached: home, config, lock, files, database, dbt."""
