package main

import "testing"

func faults(t *testing.T, bin string) { _ = bin }
