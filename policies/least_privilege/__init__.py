"""What each cloud has to be told so that it refuses, by itself, what the catalogue does not list.

    Policy ──▶ aws │ identity_center │ gcp │ azure ──▶ a frozen setup ──▶ cli.bootstrap prints it

A setup is derived from the catalogue and from `clouds.yaml`, and from nothing else: the same files make the
same setup. Whoever steals the workers' credentials then has the catalogue, and no more. What each cloud
cannot be told is said where its setup is made.
"""
