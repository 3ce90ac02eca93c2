package process_test

func broker([]string) int { return 2 }
