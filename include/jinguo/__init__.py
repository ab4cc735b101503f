"""The monthly reporting chain of Hunan's women's federations, one package per stage of the flow.

channels → intake → reading → rules → review → warehouse → release → outbox
"""
