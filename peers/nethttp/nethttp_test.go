package nethttp_test

import (
	"testing"

	"github.com/c10kit/c10kit/models/modeltest"
	_ "github.com/c10kit/c10kit/peers/nethttp"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

func TestModel(t *testing.T) { modeltest.TestModel(t, "nethttp") }

func TestProofSkips(t *testing.T) { modeltest.ProofSkips(t, "nethttp") }
