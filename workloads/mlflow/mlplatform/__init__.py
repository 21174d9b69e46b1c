"""What the platform adds to MLflow's server: the gate between projects, migrations, adoption."""
