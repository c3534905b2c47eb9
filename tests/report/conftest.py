"""Lets the tests in the folders below use `report_support`: pytest puts the folder of a conftest.py on the path."""
