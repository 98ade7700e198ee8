"""Whole stories: the five seeds as dated days, and what happens when those days go wrong."""
