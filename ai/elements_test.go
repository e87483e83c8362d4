package ai
