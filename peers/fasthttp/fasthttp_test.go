package fasthttp_test

import (
	"testing"

	"github.com/c10kit/c10kit/models/modeltest"
	_ "github.com/c10kit/c10kit/peers/fasthttp"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

func TestModel(t *testing.T) { modeltest.TestModel(t, "fasthttp") }

func TestProofSkips(t *testing.T) { modeltest.ProofSkips(t, "fasthttp") }
