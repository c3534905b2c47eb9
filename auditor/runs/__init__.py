"""The life of a stored run: create, find, lock, ask in sessions, choose a baseline, render, move `latest`."""
