package evio_test

import (
	"testing"

	"github.com/c10kit/c10kit/models/modeltest"
	_ "github.com/c10kit/c10kit/peers/evio"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

func TestModel(t *testing.T) { modeltest.TestModel(t, "evio") }

func TestProofSkips(t *testing.T) { modeltest.ProofSkips(t, "evio") }
