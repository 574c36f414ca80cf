"""For The Littlest JupyterHub: each learner starts at the playground, with the lessons at home."""

c = get_config()  # noqa: F821
c.Spawner.default_url = "/voila/render/notebooks/00-playground.ipynb"
# As in the image's start script: threads would only wait for one another.
c.Spawner.environment = {"OMP_NUM_THREADS": "1"}
