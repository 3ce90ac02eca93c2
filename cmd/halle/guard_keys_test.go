package main

const guardChild = "guard-child"

func guardChildMain([]string) int { return 0 }
