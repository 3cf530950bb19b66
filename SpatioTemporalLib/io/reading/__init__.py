"""Series, volumes and labels from files of any format."""
