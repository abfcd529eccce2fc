package ppc_test

import (
	"testing"

	"github.com/c10kit/c10kit/models/modeltest"
	_ "github.com/c10kit/c10kit/ppc"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

func TestFork(t *testing.T) { modeltest.TestModel(t, "ppc:fork") }

func TestExec(t *testing.T) { modeltest.TestModel(t, "ppc:exec") }
