package tpc_test

import (
	"testing"

	"github.com/c10kit/c10kit/models/modeltest"
	_ "github.com/c10kit/c10kit/tpc"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

func TestThread(t *testing.T) { modeltest.TestModel(t, "tpc:thread") }

func TestGoroutine(t *testing.T) { modeltest.TestModel(t, "tpc:goroutine") }
