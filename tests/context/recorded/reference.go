// The engine's own matcher and walker behind a pipe: questions and answers are lines of JSON.
// record.py builds it and says with which sources. Bytes are base64 both ways.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

type text []byte // as base64 in JSON

type question struct {
	Ignorefile                 text   // what does this .dockerignore say?
	Patterns, Paths            []text // which of these paths do these patterns match?
	Root                       string // what is sent of this folder?
	Excludes, Includes, Follow []text
}

type answer struct {
	Error   string `json:",omitempty"`
	Lines   []text
	Matches []any // true, false, or an error's text
	Walked  []any // the same, for paths met on a walk, which ends with an error
	Entries []entry
}

type entry struct {
	Path     text
	Mode     uint32
	Size     int64
	Linkname text
}

func plain(given []text) []string {
	var out []string
	for _, one := range given {
		out = append(out, string(one))
	}
	return out
}

func respond(asked question) (out answer, err error) {
	if asked.Ignorefile != nil {
		lines, err := ignorefile.ReadAll(bytes.NewReader(asked.Ignorefile))
		for _, line := range lines {
			out.Lines = append(out.Lines, text(line))
		}
		return out, err
	}
	if asked.Root == "" {
		matcher, err := patternmatcher.New(plain(asked.Patterns))
		if err != nil {
			return out, err
		}
		for _, path := range plain(asked.Paths) {
			if matched, err := matcher.MatchesOrParentMatches(path); err != nil {
				out.Matches = append(out.Matches, err.Error())
			} else {
				out.Matches = append(out.Matches, matched)
			}
		}
		known := map[string]patternmatcher.MatchInfo{}
		for _, path := range plain(asked.Paths) {
			matched, info, err := matcher.MatchesUsingParentResults(path, known[filepath.Dir(path)])
			if err != nil {
				out.Walked = append(out.Walked, err.Error())
				break
			}
			known[path] = info
			out.Walked = append(out.Walked, matched)
		}
		return out, nil
	}
	tree, err := fsutil.NewFS(asked.Root)
	if err != nil {
		return out, err
	}
	tree, err = fsutil.NewFilterFS(tree, &fsutil.FilterOpt{
		ExcludePatterns: plain(asked.Excludes),
		IncludePatterns: plain(asked.Includes),
		FollowPaths:     plain(asked.Follow),
	})
	if err != nil {
		return out, err
	}
	tree = fsutil.WithHardlinkReset(tree)
	return out, tree.Walk(context.Background(), "/", func(_ string, found fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := found.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*types.Stat)
		out.Entries = append(out.Entries, entry{text(stat.Path), stat.Mode, stat.Size, text(stat.Linkname)})
		return nil
	})
}

func main() {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for {
		var asked question
		if questions.Decode(&asked) != nil {
			return
		}
		out, err := respond(asked)
		if err != nil {
			out.Error = err.Error()
		}
		if answers.Encode(out) != nil {
			return
		}
	}
}
