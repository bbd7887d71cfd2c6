// SPDX-License-Identifier: GPL-2.0-only

// table N: make a table of N numbers and their texts, and print how long the texts are.
// table N refuse: also allocate memory until a request is refused, for which Go has no
// error that a program could handle.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
)

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	table := make(map[int]string)
	for i := 0; i < n; i++ {
		table[i] = strconv.Itoa(i)
	}
	if len(os.Args) > 2 {
		var hoard [][]byte
		for {
			hoard = append(hoard, make([]byte, 8<<20))
			fmt.Printf("got %d MiB\n", len(hoard)*8)
		}
	}
	length := 0
	for _, text := range table {
		length += len(text)
	}
	fmt.Println("length", length)
	bufio.NewReader(os.Stdin).ReadString('\n')
}
