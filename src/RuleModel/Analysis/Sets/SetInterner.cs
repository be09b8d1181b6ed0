namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>Numbers sets of ports and sets of addresses: sets with equal content get the same number.</summary>
internal sealed class SetInterner
{
    private readonly Dictionary<object, int> _byReference = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<PortSet, int> _ports = new(new SamePorts());
    private readonly Dictionary<AddressSet, int> _addresses = new(new SameAddresses());

    public int Of(PortSet ports) => _byReference.TryGetValue(ports, out int number) ? number : Add(ports, _ports);

    public int Of(AddressSet addresses) => _byReference.TryGetValue(addresses, out int number) ? number : Add(addresses, _addresses);

    public void Clear()
    {
        _byReference.Clear();
        _ports.Clear();
        _addresses.Clear();
    }

    private int Add<T>(T set, Dictionary<T, int> known)
        where T : class
    {
        if (!known.TryGetValue(set, out int number))
        {
            number = known.Count;
            known.Add(set, number);
        }

        _byReference.Add(set, number);
        return number;
    }

    private sealed class SamePorts : IEqualityComparer<PortSet>
    {
        public bool Equals(PortSet? x, PortSet? y) => x is not null && y is not null && x.IsSameAs(y);

        public int GetHashCode(PortSet obj)
        {
            HashCode hash = default;
            foreach ((ushort first, ushort last) in obj.Ranges)
            {
                hash.Add(first);
                hash.Add(last);
            }

            return hash.ToHashCode();
        }
    }

    private sealed class SameAddresses : IEqualityComparer<AddressSet>
    {
        public bool Equals(AddressSet? x, AddressSet? y) => x is not null && y is not null && x.IsSameAs(y);

        public int GetHashCode(AddressSet obj)
        {
            HashCode hash = default;
            foreach (AddressRange range in obj.Ranges)
            {
                hash.Add(range);
            }

            return hash.ToHashCode();
        }
    }
}
