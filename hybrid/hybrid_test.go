package hybrid_test

import (
	"testing"

	_ "github.com/c10kit/c10kit/hybrid"
	"github.com/c10kit/c10kit/models/modeltest"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

func TestModel(t *testing.T) { modeltest.TestModel(t, "hybrid:reuseport") }
