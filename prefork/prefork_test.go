package prefork_test

import (
	"testing"

	"github.com/c10kit/c10kit/models/modeltest"
	_ "github.com/c10kit/c10kit/prefork"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

func TestModel(t *testing.T) { modeltest.TestModel(t, "prefork:accept") }
