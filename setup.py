from setuptools import setup

setup(name="salla_manager")
