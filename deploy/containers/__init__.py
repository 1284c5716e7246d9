"""Run a house in containers: build the images, and play compose.yaml through the Docker API."""
