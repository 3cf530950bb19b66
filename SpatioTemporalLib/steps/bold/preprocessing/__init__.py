"""Steps of preparing functional runs, that single analyses and the whole preparation share."""
