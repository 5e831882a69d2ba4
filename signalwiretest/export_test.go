package signalwiretest

// SetContract makes the Handler validate against another document.
func (h *Handler) SetContract(document []byte) error {
	contract, err := newContract(document)
	h.contract = contract
	return err
}
