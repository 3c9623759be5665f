"""The stage that watches the others: is the latest week like those before it?"""
