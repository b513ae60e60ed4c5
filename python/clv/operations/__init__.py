"""What a person or a schedule asks for: run, monitor, status, promote, reproduce, purge."""
