"""Figures as people read them: numbers and times in Korean and English, verdicts, sentences and chart dicts.

Shared by the web page and the mail, so that one figure never reads differently in two places.
"""
